// SPDX-License-Identifier: Apache-2.0
// One request over TLS: go_trust ADDRESS NAME. Ends with 1 and the reason if the server is not believed.
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
	fmt.Println(os.Getpid())
	fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: one that is long enough to be seen\r\n\r\n", os.Args[2])
	connection.Read(make([]byte, 1))
	connection.Close()
}
