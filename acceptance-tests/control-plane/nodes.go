package main

import (
	"context"
	"fmt"
	"os"

	"github.com/kubeblocks/terraform-provider-kubeblocks/acceptance-tests/control-plane/pods"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/kwok/pkg/client/clientset/versioned"
	"sigs.k8s.io/kwok/pkg/kwok/controllers"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/client"
)

// managedNode marks the nodes that KWOK plays.
const managedNode = "kwok.x-k8s.io/node"

// nodeIP is the address of the simulated nodes among themselves. It never carries a packet.
const nodeIP = "10.0.0.1"

// startNodes runs KWOK: it renews the nodes' leases and moves their pods through the stages.
func startNodes(ctx context.Context, kubeconfig string) error {
	ctx = log.NewContext(ctx, log.NewLogger(os.Stderr, log.LevelWarn))
	stages, err := stages()
	if err != nil {
		return err
	}
	clientset, err := client.NewClientset("", kubeconfig)
	if err != nil {
		return fmt.Errorf("make a client for kwok: %w", err)
	}
	config, err := clientset.ToRESTConfig()
	if err != nil {
		return fmt.Errorf("make a client for kwok: %w", err)
	}
	untyped, err := clientset.ToDynamicClient()
	if err != nil {
		return fmt.Errorf("make a client for kwok: %w", err)
	}
	mapper, err := clientset.ToRESTMapper()
	if err != nil {
		return fmt.Errorf("make a client for kwok: %w", err)
	}
	plain, err := rest.RESTClientFor(config)
	if err != nil {
		return fmt.Errorf("make a client for kwok: %w", err)
	}
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client for kwok: %w", err)
	}
	own, err := versioned.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client for kwok: %w", err)
	}
	identity, err := controllers.Identity()
	if err != nil {
		return fmt.Errorf("identify kwok: %w", err)
	}
	kubelet, err := controllers.NewController(controllers.Config{
		Clock:                             clock.RealClock{},
		DynamicClient:                     untyped,
		RESTClient:                        plain,
		RESTMapper:                        mapper,
		ImpersonatingDynamicClient:        clientset.ToImpersonatingDynamicClient(),
		ImpersonatingTypedClient:          clientset.ToImpersonatingTypedClient(),
		TypedClient:                       pods.Keeper{Interface: typed},
		TypedKwokClient:                   own,
		ManageNodesWithAnnotationSelector: managedNode + "=fake",
		CIDR:                              podNetwork,
		NodeIP:                            nodeIP,
		PodPlayStageParallelism:           8,
		NodePlayStageParallelism:          4,
		LocalStages:                       stages,
		NodeLeaseParallelism:              4,
		NodeLeaseDurationSeconds:          40,
		ID:                                identity,
		PodsOnNodeSyncParallelism:         4,
		EnablePodsOnNodeSyncListPager:     true,
	})
	if err != nil {
		return fmt.Errorf("configure kwok: %w", err)
	}
	if err := kubelet.Start(ctx); err != nil {
		return fmt.Errorf("start kwok: %w", err)
	}
	return nil
}

// createNodes registers the nodes, as kubelets would, spread over three zones. Their port is where commands are run in
// the containers of their pods; the API server reaches it by the address that is meant for the outside.
func createNodes(ctx context.Context, clients *clients, options *options, kubeletPort int32) error {
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:    options.NodeCPU,
		corev1.ResourceMemory: options.NodeMemory,
		corev1.ResourcePods:   options.NodePods,
	}
	for index := range options.Nodes {
		name := fmt.Sprintf("node-%d", index)
		_, err := clients.typed.CoreV1().Nodes().Create(ctx, &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{
				Name:        name,
				Annotations: map[string]string{managedNode: "fake"},
				Labels: map[string]string{
					corev1.LabelHostname:       name,
					corev1.LabelOSStable:       "linux",
					corev1.LabelArchStable:     "amd64",
					corev1.LabelTopologyRegion: "playground",
					corev1.LabelTopologyZone:   fmt.Sprintf("playground-%c", 'a'+index%3),
				},
			},
			Status: corev1.NodeStatus{
				Capacity:    capacity,
				Allocatable: capacity,
				Addresses: []corev1.NodeAddress{
					{Type: corev1.NodeInternalIP, Address: nodeIP},
					{Type: corev1.NodeHostName, Address: name},
					{Type: corev1.NodeExternalIP, Address: "127.0.0.1"},
				},
				DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: kubeletPort}},
				NodeInfo:        corev1.NodeSystemInfo{KubeletVersion: "v1.34.4", OperatingSystem: "linux", Architecture: "amd64"},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("create node %s: %w", name, err)
		}
	}
	return nil
}

// waitUsable returns once a pod could be created and would run: nodes ready and without taints,
// and the default service account made.
func waitUsable(ctx context.Context, clients *clients, options *options, failures <-chan error) error {
	err := waitUntil(ctx, "all nodes are ready", failures, func(ctx context.Context) (bool, error) {
		nodes, err := clients.typed.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		for _, node := range nodes.Items {
			if !isReady(&node) {
				return false, fmt.Errorf("node %s is not ready, taints %v", node.Name, node.Spec.Taints)
			}
		}
		return len(nodes.Items) == options.Nodes, nil
	})
	if err != nil {
		return err
	}
	return waitUntil(ctx, "the default service account exists", failures, func(ctx context.Context) (bool, error) {
		_, err := clients.typed.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err == nil, err
	})
}

func isReady(node *corev1.Node) bool {
	if len(node.Spec.Taints) > 0 {
		return false
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
