# SPDX-License-Identifier: Apache-2.0
# net/http on one connection.
require "net/http"

$stdout.sync = true
tls = ENV["SCHEME"] == "https"
http = Net::HTTP.new(tls ? "localhost" : "127.0.0.1", ARGV[0].to_i)
http.use_ssl = tls
http.max_retries = 0
http.read_timeout = 20
http.start
while (line = $stdin.gets)
  operation, size = line.split
  request = Net::HTTP::Post.new("/")
  request["Content-Type"] = "text/plain"
  unless operation == "-"
    request["Content-Type"] = "application/x-amz-json-1.1"
    request["X-Amz-Target"] = "Kinesis_20131202.#{operation}"
    request["X-Amz-Date"] = "20260101T000000Z"
    request["Authorization"] =
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/aws4_request, " \
      "SignedHeaders=host;x-amz-date;x-amz-target, Signature=#{'0' * 64}"
  end
  request.body = "x" * size.to_i
  begin
    response = http.request(request)
    puts "#{response.code} #{response['x-amzn-errortype'] || '-'} #{response.body.tr("\n", ' ')}"
  rescue IOError, SystemCallError, Timeout::Error => e
    puts "error #{e.class} #{e.message}"
  end
end
