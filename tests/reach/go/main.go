// SPDX-License-Identifier: Apache-2.0

// AWS' SDK for Go, version 2: a call for each line of standard input, always by the same client.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http"
)

func outcome(err error) string {
	var api smithy.APIError
	var response *http.ResponseError

	switch {
	case err == nil:
		return "200 -"
	case errors.As(err, &api) && errors.As(err, &response):
		return fmt.Sprintf("%d %s", response.HTTPStatusCode(), api.ErrorCode())
	}
	return fmt.Sprintf("error %v", err)
}

func main() {
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		panic(err)
	}
	s3Client := s3.NewFromConfig(settings, func(o *s3.Options) { o.UsePathStyle = true })
	dynamodbClient := dynamodb.NewFromConfig(settings)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "s3") {
			_, err = s3Client.ListBuckets(ctx, &s3.ListBucketsInput{})
		} else {
			_, err = dynamodbClient.ListTables(ctx, &dynamodb.ListTablesInput{})
		}
		fmt.Println(strings.ReplaceAll(outcome(err), "\n", " "))
	}
}
