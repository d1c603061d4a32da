// SPDX-License-Identifier: Apache-2.0
//! AWS' SDK for Rust: a call for each line of standard input, always by the same client.

use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata};

async fn outcome(client: &aws_sdk_sqs::Client) -> String {
    let Err(error) = client.list_queues().send().await else {
        return "200 -".to_string();
    };
    let status = error.raw_response().map(|response| response.status().as_u16());
    match (status, error.code()) {
        (Some(status), Some(code)) => format!("{status} {code}"),
        _ => format!("error {}", DisplayErrorContext(&error)).replace('\n', " "),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .load()
        .await;
    let client = aws_sdk_sqs::Client::new(&config);

    for _ in std::io::stdin().lines() {
        println!("{}", outcome(&client).await);
    }
}
