# SPDX-License-Identifier: Apache-2.0
# LWP with one kept connection.
use strict;
use warnings;
use LWP::UserAgent;

my $port = shift;
my $url = ($ENV{SCHEME} // 'http') eq 'https' ? "https://localhost:$port/" : "http://127.0.0.1:$port/";
my $agent = LWP::UserAgent->new(keep_alive => 1, timeout => 20);
$| = 1;

while (<STDIN>) {
	my ($operation, $size) = split;
	my @fields = ('Content-Type' => 'text/plain');
	@fields = ('Content-Type' => 'application/x-amz-json-1.1',
		'X-Amz-Target' => "Kinesis_20131202.$operation",
		'X-Amz-Date' => '20260101T000000Z',
		'Authorization' => 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/'
		. 'aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=' . '0' x 64)
		if $operation ne '-';
	my $response = $agent->post($url, @fields, Content => 'x' x $size);
	my $body = $response->content =~ tr/\n/ /r;
	# What LWP makes up itself is no answer.
	if (($response->header('Client-Warning') // '') eq 'Internal response') {
		print "error $body\n";
		next;
	}
	print $response->code, ' ', $response->header('x-amzn-errortype') // '-', " $body\n";
}
