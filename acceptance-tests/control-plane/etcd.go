package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// store is a running etcd.
type store struct {
	*embed.Etcd
	endpoint string
}

// peerSocket has the longest name of our sockets.
const peerSocket = "peer.sock"

// etcdStartTimeout is generous: several control planes start at once on machines of two cores.
const etcdStartTimeout = 60 * time.Second

// startEtcd runs etcd on unix sockets inside the data directory: no port that another user of the
// machine could read secrets from, and nothing to choose.
func startEtcd(ctx context.Context, directory string) (*store, error) {
	client := url.URL{Scheme: "unix", Path: filepath.Join(directory, "etcd.sock")}
	metrics := url.URL{Scheme: "unix", Path: filepath.Join(directory, "http.sock")}
	peer := url.URL{Scheme: "unix", Path: filepath.Join(directory, peerSocket)}

	config := embed.NewConfig()
	config.Name = "playground"
	config.Dir = filepath.Join(directory, "etcd")
	config.ListenClientUrls = []url.URL{client}
	// Nobody asks the only member where it is; its addresses just have to look like some.
	config.AdvertiseClientUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:2379"}}
	config.ListenClientHttpUrls = []url.URL{metrics} // apart, or it slows gRPC down
	config.ListenPeerUrls = []url.URL{peer}
	config.AdvertisePeerUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:2380"}}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.LogLevel = "warn"
	config.LogOutputs = []string{"stderr"}
	config.WarningUnaryRequestDuration = time.Second
	// The data dies with the process, so it need not survive a power failure.
	config.UnsafeNoFsync = true

	started, err := embed.StartEtcd(config)
	if err != nil {
		return nil, fmt.Errorf("start etcd: %w", err)
	}
	select {
	case <-started.Server.ReadyNotify():
		return &store{Etcd: started, endpoint: client.String()}, nil
	case err := <-started.Err():
		return nil, fmt.Errorf("start etcd: %w", err)
	case <-time.After(etcdStartTimeout):
		started.Close()
		return nil, fmt.Errorf("etcd was not ready after %s", etcdStartTimeout)
	case <-ctx.Done():
		started.Close()
		return nil, ctx.Err()
	}
}
