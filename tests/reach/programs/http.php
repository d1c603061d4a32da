<?php
// SPDX-License-Identifier: Apache-2.0
// PHP's own HTTP, and a request that looks signed for each line of standard input.
$url = getenv('AWS_ENDPOINT_URL') ?: 'https://s3.us-east-1.amazonaws.com';
$fields = [
	'X-Amz-Date: 20260101T000000Z',
	'Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, '
	. 'SignedHeaders=host;x-amz-date, Signature=0',
];
$http = ['header' => $fields, 'ignore_errors' => true, 'protocol_version' => '1.1', 'timeout' => 20];

while (fgets(STDIN) !== false) {
	$body = @file_get_contents($url, false, stream_context_create(['http' => $http]));
	if ($body === false) {
		echo 'error ', strtr(error_get_last()['message'], "\n", ' '), "\n";
		continue;
	}
	preg_match('{<Code>(.*)</Code>}', $body, $code);
	echo explode(' ', $http_response_header[0])[1], ' ', $code[1] ?? '-', "\n";
}
