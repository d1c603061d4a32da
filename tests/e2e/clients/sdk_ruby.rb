# SPDX-License-Identifier: Apache-2.0
# aws-sdk-s3, one client: lists the buckets for each line; says the status and the error's code.
require "aws-sdk-s3"

$stdout.sync = true
s3 = Aws::S3::Client.new(
  endpoint: ARGV[0], region: "us-east-1", force_path_style: true, retry_limit: 0,
  http_read_timeout: 20
)
while $stdin.gets
  begin
    puts "#{s3.list_buckets.context.http_response.status_code} - "
  rescue Aws::S3::Errors::ServiceError => e
    puts "#{e.context.http_response.status_code} #{e.code} "
  rescue Seahorse::Client::NetworkingError => e
    puts "error #{e.class} #{e.message}"
  end
end
