package pods

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

var podsResource = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

func pod(uid, node string, deleting bool) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "db-0", UID: types.UID(uid)}}
	pod.Spec.NodeName = node
	if deleting {
		pod.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	}
	return pod
}

// deletions are the UIDs that the API was asked to delete.
func deletions(client *fake.Clientset) []string {
	uids := []string{}
	for _, action := range client.Actions() {
		if action, ok := action.(clienttesting.DeleteActionImpl); ok {
			uids = append(uids, string(*action.DeleteOptions.Preconditions.UID))
		}
	}
	return uids
}

func TestOnlyAPodThatIsBeingDeletedIsDeleted(t *testing.T) {
	for name, given := range map[string]struct {
		pod     *corev1.Pod
		deleted int
	}{
		"being deleted":                 {pod("old", "node", true), 1},
		"the next one of the same name": {pod("new", "node", false), 0},
		"gone":                          {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset()
			if given.pod != nil {
				client = fake.NewClientset(given.pod)
			}
			err := Keeper{client}.CoreV1().Pods("n").Delete(context.Background(), "db-0", metav1.DeleteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got := deletions(client); len(got) != given.deleted {
				t.Errorf("deleted %v, want %d", got, given.deleted)
			}
		})
	}
}

// Between the look and the deletion another pod of the name may have come: the API refuses, and that is fine.
func TestADeletionMeansThePodThatWasSeen(t *testing.T) {
	client := fake.NewClientset(pod("old", "node", true))
	client.PrependReactor("delete", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewConflict(podsResource.GroupResource(), "db-0", nil)
	})
	if err := (Keeper{client}).CoreV1().Pods("n").Delete(context.Background(), "db-0", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := deletions(client); len(got) != 1 || got[0] != "old" {
		t.Errorf("asked to delete %v, want the pod that was seen", got)
	}
}

func TestAFailureToLookIsToldAndDeletesNothing(t *testing.T) {
	client := fake.NewClientset(pod("old", "node", true))
	client.PrependReactor("get", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewInternalError(context.DeadlineExceeded)
	})
	if err := (Keeper{client}).CoreV1().Pods("n").Delete(context.Background(), "db-0", metav1.DeleteOptions{}); err == nil {
		t.Error("no error")
	}
	if got := deletions(client); len(got) != 0 {
		t.Errorf("deleted %v", got)
	}
}

func TestOnlyAPodWithANodeIsChanged(t *testing.T) {
	for name, given := range map[string]struct {
		node  string
		phase corev1.PodPhase
	}{
		"placed":     {"node", corev1.PodRunning},
		"not placed": {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset(pod("one", given.node, false))
			patch := []byte(`{"status":{"phase":"Running"}}`)
			pods := Keeper{client}.CoreV1().Pods("n")
			after, err := pods.Patch(context.Background(), "db-0", types.MergePatchType, patch, metav1.PatchOptions{}, "status")
			if err != nil {
				t.Fatal(err)
			}
			if after.Status.Phase != given.phase {
				t.Errorf("the phase is %q, want %q", after.Status.Phase, given.phase)
			}
		})
	}
}
