# SPDX-License-Identifier: Apache-2.0
# A plain socket: syswrite, select, sysread.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my $port = shift;
my $socket;
$| = 1;
$SIG{PIPE} = 'IGNORE';

sub fields {
	my ($operation, $size) = @_;
	my @fields = ("Host: 127.0.0.1:$port", "Content-Length: $size");
	return (@fields, "Content-Type: text/plain") if $operation eq '-';
	return (@fields, "Content-Type: application/x-amz-json-1.1",
		"X-Amz-Target: Kinesis_20131202.$operation",
		"X-Amz-Date: 20260101T000000Z",
		"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/"
		. "aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=" . "0" x 64);
}

sub more {
	my ($data) = @_;
	IO::Select->new($socket)->can_read(20) or die "timeout\n";
	my $got = sysread($socket, my $part, 65536);
	die "read: $!\n" unless defined $got;
	die "connection ended\n" unless $got;
	return $data . $part;
}

sub exchange {
	my ($operation, $size) = @_;
	$socket //= IO::Socket::INET->new("127.0.0.1:$port") or die "connect: $!\n";
	my $out = join("\r\n", "POST / HTTP/1.1", fields($operation, $size), "", "") . "x" x $size;
	while (length $out) {
		my $sent = syswrite($socket, $out) or die "write: $!\n";
		substr($out, 0, $sent) = "";
	}
	my $in = "";
	$in = more($in) until $in =~ /\r\n\r\n/;
	my ($head, $body) = split /\r\n\r\n/, $in, 2;
	my ($length) = $head =~ /^Content-Length: (\d+)/mi;
	$body = more($body) until length $body >= $length;
	my ($status) = $head =~ m{^HTTP/1.1 (\d+)};
	my ($code) = $head =~ /^x-amzn-errortype: (\S+)/mi;
	undef $socket if $head =~ /^Connection: close/mi;
	$body =~ tr/\n/ /;
	print "$status ", $code // "-", " $body\n";
}

while (<STDIN>) {
	eval { exchange(split) };
	if ($@) {
		undef $socket;
		print "error $@";
	}
}
