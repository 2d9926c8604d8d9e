// Package pods is the client by which simulated nodes play pods.
package pods

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// Keeper is the client by which KWOK plays pods. KWOK knows a pod by its name alone, and on a busy machine it is late: a
// StatefulSet may have made the next pod of that name already. Without this, KWOK deletes the new pod in place of the old
// one, sees that deletion, and does the same to the one after it, without end.
type Keeper struct {
	kubernetes.Interface
}

// CoreV1 is that of the client, but for pods.
func (k Keeper) CoreV1() corev1client.CoreV1Interface {
	return keeperCore{k.Interface.CoreV1()}
}

type keeperCore struct {
	corev1client.CoreV1Interface
}

func (k keeperCore) Pods(namespace string) corev1client.PodInterface {
	return keptPods{k.CoreV1Interface.Pods(namespace)}
}

// keptPods deletes only pods that are being deleted, and changes only pods that have a node.
type keptPods struct {
	corev1client.PodInterface
}

func (p keptPods) Delete(ctx context.Context, name string, options metav1.DeleteOptions) error {
	pod, err := p.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || (err == nil && pod.DeletionTimestamp == nil) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the pod to delete: %w", err)
	}
	options.Preconditions = metav1.NewUIDPreconditions(string(pod.UID))
	err = p.PodInterface.Delete(ctx, name, options)
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil // the one that was meant is gone
	}
	return err
}

func (p keptPods) Patch(
	ctx context.Context, name string, kind types.PatchType, data []byte, options metav1.PatchOptions, subresources ...string,
) (*corev1.Pod, error) {
	pod, err := p.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	if pod.Spec.NodeName == "" {
		return pod, nil
	}
	return p.PodInterface.Patch(ctx, name, kind, data, options, subresources...)
}
