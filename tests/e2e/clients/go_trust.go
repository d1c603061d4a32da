// SPDX-License-Identifier: Apache-2.0
// A TLS handshake: go_trust ADDRESS NAME. Ends with 1 and the reason if the server is not believed.
package main

import (
	"crypto/tls"
	"fmt"
	"os"
)

func main() {
	connection, err := tls.Dial("tcp", os.Args[1], &tls.Config{ServerName: os.Args[2]})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	connection.Close()
}
