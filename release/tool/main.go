// Command tool writes what a release consists of beside the programs, without anything of the machine or the hour in it.
//
//	tool archive <file.zip> <seconds since 1970> <mode:name=file>...
//	tool provenance <file.json> <fact=value>...
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release tool:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) >= 4 && arguments[0] == "archive":
		seconds, err := strconv.ParseInt(arguments[2], 10, 64)
		if err != nil {
			return fmt.Errorf("the time %q is no number of seconds", arguments[2])
		}
		return writeArchive(arguments[1], time.Unix(seconds, 0).UTC(), arguments[3:])
	case len(arguments) >= 2 && arguments[0] == "provenance":
		return writeProvenance(arguments[1], arguments[2:])
	default:
		return fmt.Errorf("usage: tool archive <file.zip> <seconds> <mode:name=file>... | tool provenance <file.json> <fact=value>...")
	}
}
