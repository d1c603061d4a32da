// SPDX-License-Identifier: Apache-2.0

// AWS' SDK for Go, version 2: the same call some times, whatever comes of it.
// Usage: retries SERVICE CALLS TIMEOUT, in seconds.
package main

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	timeout := time.Duration(number(os.Args[3])) * time.Second
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.ResponseHeaderTimeout = timeout
	})
	settings, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(client))
	if err != nil {
		panic(err)
	}
	s3Client := s3.NewFromConfig(settings, func(o *s3.Options) { o.UsePathStyle = true })
	dynamodbClient := dynamodb.NewFromConfig(settings)
	for i := number(os.Args[2]); i > 0; i-- {
		if os.Args[1] == "s3" {
			s3Client.ListBuckets(ctx, &s3.ListBucketsInput{})
		} else {
			dynamodbClient.ListTables(ctx, &dynamodb.ListTablesInput{})
		}
	}
}
