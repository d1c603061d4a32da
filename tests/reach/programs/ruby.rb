# SPDX-License-Identifier: Apache-2.0
# aws-sdk-s3: lists the buckets for each line of standard input, always by the same client.
require "aws-sdk-s3"

$stdout.sync = true
# This version does not know AWS_ENDPOINT_URL.
endpoint = ENV["AWS_ENDPOINT_URL"]
options = endpoint ? { endpoint: endpoint } : {}
s3 = Aws::S3::Client.new(
  region: "us-east-1", force_path_style: true, retry_limit: 0, ssl_ca_bundle: ENV["AWS_CA_BUNDLE"],
  **options
)
while $stdin.gets
  begin
    puts "#{s3.list_buckets.context.http_response.status_code} -"
  rescue Aws::S3::Errors::ServiceError => e
    puts "#{e.context.http_response.status_code} #{e.code}"
  rescue Seahorse::Client::NetworkingError => e
    puts "error #{e.class} #{e.message}"
  end
end
