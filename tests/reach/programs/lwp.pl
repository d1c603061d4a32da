# SPDX-License-Identifier: Apache-2.0
# LWP, and a request that looks signed for each line of standard input, on one kept connection.
use strict;
use warnings;
use LWP::UserAgent;

my $agent = LWP::UserAgent->new(keep_alive => 1, timeout => 20);
my $url = $ENV{AWS_ENDPOINT_URL} // 'https://s3.us-east-1.amazonaws.com';
my %fields = (
	'X-Amz-Date' => '20260101T000000Z',
	'Authorization' => 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, '
		. 'SignedHeaders=host;x-amz-date, Signature=0',
);
$| = 1;

while (<STDIN>) {
	my $response = $agent->get($url, %fields);
	my $body = $response->content =~ tr/\n/ /r;
	my ($code) = $body =~ m{<Code>(.*)</Code>};
	# What LWP makes up itself is no answer.
	if (($response->header('Client-Warning') // '') eq 'Internal response') {
		print "error $body\n";
		next;
	}
	print $response->code, ' ', $code // '-', "\n";
}
