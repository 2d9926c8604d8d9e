// Package gcs stands where Terraform has a remote backend of that name.
package gcs

import "github.com/hashicorp/terraform/internal/backend"

// New is never called: the tests keep their state on disk.
func New() backend.Backend { panic("built without remote backends") }
