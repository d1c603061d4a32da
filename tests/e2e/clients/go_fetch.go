// SPDX-License-Identifier: Apache-2.0
// Calls of S3, one after the other: go_fetch URL METHOD:PATH:SIZE… Prints `STATUS BYTES` of each.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

func fetch(client *http.Client, method, url string, size int) string {
	var body io.Reader
	if size > 0 {
		body = strings.NewReader(strings.Repeat("x", size))
	}
	made, err := http.NewRequest(method, url, body)
	if err != nil {
		panic(err)
	}
	made.Header.Set("Authorization",
		"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request, "+
			"SignedHeaders=host, Signature=00")
	answer, err := client.Do(made)
	if err != nil {
		return "error " + err.Error()
	}
	got, err := io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	if err != nil {
		return "error " + err.Error()
	}
	return fmt.Sprintf("%d %d", answer.StatusCode, got)
}

func main() {
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, word := range os.Args[2:] {
		parts := strings.Split(word, ":")
		size, _ := strconv.Atoi(parts[2])
		fmt.Println(fetch(client, parts[0], os.Args[1]+parts[1], size))
	}
}
