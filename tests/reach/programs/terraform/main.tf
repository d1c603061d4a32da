# SPDX-License-Identifier: Apache-2.0
# State in S3: `terraform init` looks for it.
terraform {
  backend "s3" {
    bucket                      = "bucket"
    key                         = "state"
    region                      = "us-east-1"
    use_path_style              = true
    max_retries                 = 0
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
  }
}
