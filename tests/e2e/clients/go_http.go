// SPDX-License-Identifier: Apache-2.0
// A steered client in Go: go_http URL. One http.Client, as an SDK has it.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func request(url, operation string, size int) *http.Request {
	made, err := http.NewRequest("POST", url, strings.NewReader(strings.Repeat("x", size)))
	if err != nil {
		panic(err)
	}
	if operation == "-" {
		return made
	}
	made.Header.Set("Content-Type", "application/x-amz-json-1.1")
	made.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
	made.Header.Set("Authorization",
		"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/aws4_request, "+
			"SignedHeaders=host;x-amz-target, Signature=00")
	return made
}

func ask(client *http.Client, made *http.Request) string {
	answer, err := client.Do(made)
	if err != nil {
		return "error " + err.Error()
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		return "error " + err.Error()
	}
	code := answer.Header.Get("X-Amzn-Errortype")
	if code == "" {
		code = "-"
	}
	return fmt.Sprintf("%d %s %s", answer.StatusCode, code, strings.ReplaceAll(string(body), "\n", " "))
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var operation string
		var size int
		fmt.Sscan(lines.Text(), &operation, &size)
		fmt.Println(ask(http.DefaultClient, request(os.Args[1], operation, size)))
	}
}
