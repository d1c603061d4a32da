// SPDX-License-Identifier: Apache-2.0

package recipe

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// The daemon of CHAOS_DIR, by its socket.
var daemon = http.Client{Transport: &http.Transport{
	DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", filepath.Join(os.Getenv("CHAOS_DIR"), "control.sock"))
	},
}}

func ask(t *testing.T, method, path, body string, answer any) {
	t.Helper()
	request, _ := http.NewRequest(method, "http://localhost"+path, bytes.NewBufferString(body))
	response, err := daemon.Do(request)
	if err != nil {
		t.Fatalf("no chaos-control answers; start with 'chaos-run go test': %v", err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, path, response.Status)
	}
	if answer != nil {
		json.NewDecoder(response.Body).Decode(answer)
	}
}

// Faults puts rules in force until the test ends.
func Faults(t *testing.T, rules string) {
	t.Helper()
	ask(t, "PATCH", "/_localstack/chaos/faults", rules, nil)
	t.Cleanup(func() { ask(t, "DELETE", "/_localstack/chaos/faults", rules, nil) })
}

// Taken says how many answers of rules the program has read to their end.
func Taken(t *testing.T) (taken int) {
	t.Helper()
	var stats struct{ Rules []struct{ Taken int } }
	ask(t, "GET", "/_chaos/stats", "", &stats)
	for _, rule := range stats.Rules {
		taken += rule.Taken
	}
	return taken
}
