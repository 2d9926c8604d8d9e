package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// This file plays curl in a pod: the options that are used, and the failures that they can meet.

// lorryPort is the name of the port that lorry listens on.
const lorryPort = "lorry-http-port"

// Exit codes of curl.
const (
	curlUsage, curlConnect = 2, 7
	// curlRead is that of a request body that cannot be read.
	curlRead = 26
)

// curl sends a request as the real one would. It returns curl's exit code, and what curl says about it.
func (c *command) curl(ctx context.Context, argv []string, in io.Reader, out io.Writer) (int, string) {
	var target, body string
	var isPost, hasJSON bool
	for rest := argv[1:]; len(rest) > 0; rest = rest[1:] {
		option := rest[0]
		value := func() string {
			if len(rest) < 2 {
				return ""
			}
			rest = rest[1:]
			return rest[0]
		}
		switch option {
		case "-s", "--silent", "-S", "--show-error":
		case "--max-time", "--noproxy":
			value()
		case "-X", "--request":
			isPost = value() == "POST"
		case "-H", "--header":
			name, content, _ := strings.Cut(value(), ":")
			hasJSON = hasJSON || strings.EqualFold(name, "Content-Type") && strings.TrimSpace(content) == "application/json"
		case "--data-binary":
			isPost = true
			if body = value(); body == "@-" {
				read, err := io.ReadAll(in)
				if err != nil {
					return curlRead, "curl: (26) Failed to open/read local data from file/application"
				}
				body = string(read)
			}
		default:
			if strings.HasPrefix(option, "-") || target != "" {
				return curlUsage, fmt.Sprintf("curl: option %s: is unknown\ncurl: try 'curl --help' for more information", option)
			}
			target = option
		}
	}
	address, err := url.Parse(target)
	if err != nil || address.Scheme != "http" {
		return curlUsage, "curl: (2) no URL specified"
	}
	port, err := strconv.Atoi(address.Port())
	if err != nil {
		port = 80
	}
	lorry := lorryContainer(c.pod)
	isHere := address.Hostname() == "127.0.0.1" || address.Hostname() == "localhost"
	if lorry == nil || !isHere || !hasPort(lorry, port) {
		return curlConnect, fmt.Sprintf("curl: (7) Failed to connect to %s port %d after 0 ms: Couldn't connect to server", address.Hostname(), port)
	}
	if !strings.HasPrefix(address.Path, "/v1.0/bindings/") || !isPost || !hasJSON {
		_, _ = io.WriteString(out, "404 page not found\n")
		return 0, ""
	}
	answer, err := c.containers.lorries.answer(ctx, c.containers.clients, c.pod, lorry, argv, body)
	if err != nil {
		answer = "exec ops failed: " + err.Error()
	}
	_, _ = io.WriteString(out, answer)
	return 0, ""
}

func lorryContainer(pod *corev1.Pod) *corev1.Container {
	for index, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == lorryPort {
				return &pod.Spec.Containers[index]
			}
		}
	}
	return nil
}

func hasPort(container *corev1.Container, number int) bool {
	for _, port := range container.Ports {
		if port.Name == lorryPort && int(port.ContainerPort) == number {
			return true
		}
	}
	return false
}
