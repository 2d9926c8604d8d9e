package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The types are those of https://in-toto.io/Statement/v1 and https://slsa.dev/provenance/v1.
type statement struct {
	Type          string     `json:"_type"`
	Subject       []resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     predicate  `json:"predicate"`
}

type resource struct {
	Name   string            `json:"name,omitempty"`
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest,omitempty"`
}

type predicate struct {
	BuildDefinition buildDefinition `json:"buildDefinition"`
	RunDetails      runDetails      `json:"runDetails"`
}

type buildDefinition struct {
	BuildType            string            `json:"buildType"`
	ExternalParameters   map[string]string `json:"externalParameters"`
	InternalParameters   map[string]string `json:"internalParameters"`
	ResolvedDependencies []resource        `json:"resolvedDependencies"`
}

type runDetails struct {
	Builder    map[string]string `json:"builder"`
	Byproducts []resource        `json:"byproducts"`
}

// writeProvenance writes which commit and which tools the archive was made of. Facts, several of a kind where it makes
// sense: subject and contents are files; repository, commit; locked is a file of pinned dependencies as name=path;
// parameter and tool are name=value; builder says where it was built.
func writeProvenance(path string, facts []string) error {
	result := statement{Type: "https://in-toto.io/Statement/v1", PredicateType: "https://slsa.dev/provenance/v1"}
	definition := &result.Predicate.BuildDefinition
	definition.ExternalParameters, definition.InternalParameters = map[string]string{}, map[string]string{}
	result.Predicate.RunDetails.Builder = map[string]string{}
	var repository, commit string
	for _, fact := range facts {
		kind, value, _ := strings.Cut(fact, "=")
		name, rest, _ := strings.Cut(value, "=")
		var err error
		switch kind {
		case "repository":
			repository = value
		case "commit":
			commit = value
		case "builder":
			result.Predicate.RunDetails.Builder["id"] = value
		case "parameter":
			definition.ExternalParameters[name] = rest
		case "tool":
			definition.InternalParameters[name] = rest
		case "locked":
			definition.ResolvedDependencies, err = add(definition.ResolvedDependencies, name, rest)
		case "subject":
			result.Subject, err = add(result.Subject, filepath.Base(value), value)
		case "contents":
			run := &result.Predicate.RunDetails
			run.Byproducts, err = add(run.Byproducts, name, rest)
		default:
			err = fmt.Errorf("the fact %q is of no known kind", fact)
		}
		if err != nil {
			return err
		}
	}
	if repository == "" || commit == "" || len(result.Subject) == 0 {
		return fmt.Errorf("repository, commit and subject are needed")
	}
	definition.BuildType = repository + "/blob/main/docs/guides/verifying-a-release.md"
	source := resource{URI: "git+" + repository, Digest: map[string]string{"gitCommit": commit}}
	definition.ResolvedDependencies = append([]resource{source}, definition.ResolvedDependencies...)
	return writeJSON(path, result)
}

func add(resources []resource, name, path string) ([]resource, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return nil, err
	}
	digest := map[string]string{"sha256": hex.EncodeToString(hash.Sum(nil))}
	return append(resources, resource{Name: name, Digest: digest}), nil
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
