package main

import (
	"archive/zip"
	"compress/flate"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// entry is a file of an archive.
type entry struct {
	mode   os.FileMode
	name   string
	source string
}

// parseEntry reads "755:name=file".
func parseEntry(text string) (entry, error) {
	mode, rest, modeFound := strings.Cut(text, ":")
	name, source, nameFound := strings.Cut(rest, "=")
	bits, err := strconv.ParseUint(mode, 8, 9)
	if !modeFound || !nameFound || err != nil || name == "" {
		return entry{}, fmt.Errorf("%q is not of the form 755:name=file", text)
	}
	return entry{mode: os.FileMode(bits), name: name, source: source}, nil
}

// writeArchive packs the files in the order of their names. Their own times, owners and modes do not count.
func writeArchive(path string, modified time.Time, texts []string) error {
	var entries []entry
	for _, text := range texts {
		parsed, err := parseEntry(text)
		if err != nil {
			return err
		}
		entries = append(entries, parsed)
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })

	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	writer := zip.NewWriter(file)
	// The compression of the standard library, so that the toolchain alone decides the bytes.
	writer.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	for _, entry := range entries {
		if err := pack(writer, entry, modified); err != nil {
			return fmt.Errorf("%s: %w", entry.name, err)
		}
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return file.Close()
}

func pack(writer *zip.Writer, entry entry, modified time.Time) error {
	source, err := os.Open(entry.source)
	if err != nil {
		return err
	}
	defer source.Close()
	header := &zip.FileHeader{Name: entry.name, Method: zip.Deflate, Modified: modified}
	header.SetMode(entry.mode)
	out, err := writer.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, source)
	return err
}
