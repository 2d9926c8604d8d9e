// Package terraform is asked for by a test of Terraform only.
package terraform
