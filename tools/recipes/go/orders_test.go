// SPDX-License-Identifier: Apache-2.0

package recipe

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

// put is what your program does with its SDK; written out here, so that the recipe needs no module.
func put(t *testing.T) *http.Response {
	body := strings.NewReader(`{"TableName": "orders", "Item": {"id": {"S": "1"}}}`)
	request, _ := http.NewRequest("POST", os.Getenv("AWS_ENDPOINT_URL"), body)
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.PutItem")
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response
}

func TestOrderIsThrottled(t *testing.T) {
	Faults(t, `[{"service": "dynamodb", "error": {"statusCode": 400, "code": "ThrottlingException"}}]`)
	if status := put(t).StatusCode; status != 400 {
		t.Errorf("%d instead of 400", status)
	}
	if taken := Taken(t); taken != 1 {
		t.Errorf("%d answers were taken instead of 1", taken)
	}
}

func TestOrderIsKept(t *testing.T) {
	if status := put(t).StatusCode; status != 200 {
		t.Errorf("%d instead of 200", status)
	}
}
