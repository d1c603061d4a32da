<?php
// SPDX-License-Identifier: Apache-2.0
// `curl`: one handle of the curl extension. `streams`: file_get_contents(), one connection a call.
[, $port, $kind] = $argv;
$tls = getenv('SCHEME') === 'https';
$url = $tls ? "https://localhost:$port/" : "http://127.0.0.1:$port/";
$handle = $kind === 'curl' ? curl_init() : null;

function fields(string $operation): array
{
	if ($operation === '-') {
		return ['Content-Type: text/plain'];
	}
	return [
		'Content-Type: application/x-amz-json-1.1',
		"X-Amz-Target: Kinesis_20131202.$operation",
		'X-Amz-Date: 20260101T000000Z',
		'Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/'
		. 'aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=' . str_repeat('0', 64),
	];
}

function by_curl(CurlHandle $handle, string $url, string $operation, string $body): array
{
	curl_setopt_array($handle, [
		CURLOPT_URL => $url,
		CURLOPT_POSTFIELDS => $body,
		CURLOPT_HTTPHEADER => [...fields($operation), 'Expect:'],
		CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_1_1,
		CURLOPT_RETURNTRANSFER => true,
		CURLOPT_HEADER => true,
		CURLOPT_TIMEOUT => 20,
		CURLOPT_CAINFO => getenv('SSL_CERT_FILE') ?: null,
	]);
	$answer = curl_exec($handle);
	if ($answer === false) {
		throw new RuntimeException(curl_error($handle));
	}
	[$head, $body] = explode("\r\n\r\n", $answer, 2);
	return [explode("\r\n", $head), $body];
}

function by_streams(string $url, string $operation, string $body): array
{
	$http = [
		'method' => 'POST',
		'header' => fields($operation),
		'content' => $body,
		'ignore_errors' => true,
		'protocol_version' => '1.1',
		'timeout' => 20,
	];
	$body = @file_get_contents($url, false, stream_context_create(['http' => $http]));
	if ($body === false) {
		throw new RuntimeException(error_get_last()['message']);
	}
	return [$http_response_header, $body];
}

while (($line = fgets(STDIN)) !== false) {
	[$operation, $size] = explode(' ', trim($line));
	try {
		$body = str_repeat('x', (int)$size);
		[$head, $body] = $handle ? by_curl($handle, $url, $operation, $body)
			: by_streams($url, $operation, $body);
		preg_match('/^x-amzn-errortype: (\S+)/mi', implode("\n", $head), $code);
		echo explode(' ', $head[0])[1], ' ', $code[1] ?? '-', ' ', strtr($body, "\n", ' '), "\n";
	} catch (RuntimeException $error) {
		echo 'error ', $error->getMessage(), "\n";
	}
}
