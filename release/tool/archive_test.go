package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var commitTime = time.Date(2026, 11, 30, 4, 0, 0, 0, time.UTC)

// write makes a file with a mode and a time of its own.
func write(t *testing.T, folder, name, text string, mode os.FileMode, modified time.Time) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, modified, modified); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestAnArchiveDependsOnContentsAlone(t *testing.T) {
	folder := t.TempDir()
	program := write(t, folder, "built", "program", 0o600, time.Now())
	license := write(t, folder, "text", "license", 0o640, time.Now())
	first := filepath.Join(folder, "first.zip")
	if err := writeArchive(first, commitTime, []string{"755:program=" + program, "644:LICENSE=" + license}); err != nil {
		t.Fatal(err)
	}

	another := t.TempDir()
	program = write(t, another, "elsewhere", "program", 0o755, commitTime.Add(-time.Hour))
	license = write(t, another, "other", "license", 0o444, commitTime.Add(time.Hour))
	second := filepath.Join(another, "second.zip")
	// Given in another order, in another time zone.
	zone := commitTime.In(time.FixedZone("elsewhere", 8*3600)).UTC()
	if err := writeArchive(second, zone, []string{"644:LICENSE=" + license, "755:program=" + program}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, first), read(t, second)) {
		t.Error("the same contents gave different archives")
	}

	reader, err := zip.OpenReader(second)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for index, expected := range []struct {
		name string
		mode os.FileMode
	}{{"LICENSE", 0o644}, {"program", 0o755}} {
		file := reader.File[index]
		if file.Name != expected.name || file.Mode() != expected.mode || !file.Modified.Equal(commitTime) {
			t.Errorf("%s %v %v, expected %v", file.Name, file.Mode(), file.Modified, expected)
		}
	}
}

func TestEntriesThatMakeNoSenseAreRefused(t *testing.T) {
	for _, text := range []string{"program", "755:program", "rwx:program=file", "755:=file", "7777:program=file"} {
		if _, err := parseEntry(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestProvenanceNamesCommitToolsAndDigests(t *testing.T) {
	folder := t.TempDir()
	archive := write(t, folder, "a.zip", "abc", 0o644, commitTime)
	path := filepath.Join(folder, "provenance.json")
	facts := []string{"repository=https://example.com/x", "commit=c0ffee", "subject=" + archive,
		"contents=program=" + archive, "tool=rustc=rustc 1.95.0 (a=b)", "parameter=platform=linux_amd64", "builder=here"}
	if err := writeProvenance(path, facts); err != nil {
		t.Fatal(err)
	}
	var found statement
	if err := json.Unmarshal(read(t, path), &found); err != nil {
		t.Fatal(err)
	}
	const sumOfABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if len(found.Subject) != 1 || found.Subject[0].Name != "a.zip" || found.Subject[0].Digest["sha256"] != sumOfABC {
		t.Errorf("subject: %v", found.Subject)
	}
	definition := found.Predicate.BuildDefinition
	if definition.ResolvedDependencies[0].Digest["gitCommit"] != "c0ffee" {
		t.Errorf("dependencies: %v", definition.ResolvedDependencies)
	}
	if definition.InternalParameters["rustc"] != "rustc 1.95.0 (a=b)" || definition.ExternalParameters["platform"] != "linux_amd64" {
		t.Errorf("parameters: %v", definition)
	}

	if err := writeProvenance(path, facts[1:]); err == nil {
		t.Error("a provenance without a repository was written")
	}
	if err := writeProvenance(path, append(facts, "colour=green")); err == nil {
		t.Error("an unknown fact was taken")
	}
}
