package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// This file is the storage driver of the playground: it makes, grows and removes volumes, as a CSI
// provisioner and resizer do. It serves the classes of the playground, and those of every driver
// that is installed, which a CSIDriver object says: a class whose driver nobody has installed
// provisions nothing. Binding, protection finalizers and release are kube-controller-manager's.

const (
	provisioner = "playground.kubeblocks.io/local"
	// provisionedBy is how a dynamic volume names its driver.
	provisionedBy = "pv.kubernetes.io/provisioned-by"
	// wantedProvisioner is set on a claim by kube-controller-manager once a driver is to act.
	wantedProvisioner = "volume.kubernetes.io/storage-provisioner"
	// volumePath is where all volumes of ours are.
	volumePath = "/var/lib/playground/"
	// claimFault on a claim asks for a fault; "resize-hangs" leaves its growth undone.
	claimFault = "playground.kubeblocks.io/fault"
)

// createStorageClasses makes "standard", the default, which grows, and "fixed", which does not.
func createStorageClasses(ctx context.Context, clients *clients) error {
	reclaim, binding := corev1.PersistentVolumeReclaimDelete, storagev1.VolumeBindingImmediate
	for _, class := range []struct {
		name      string
		isDefault bool
		expands   bool
	}{
		{name: "standard", isDefault: true, expands: true},
		{name: "fixed"},
	} {
		made := &storagev1.StorageClass{
			ObjectMeta:           metav1.ObjectMeta{Name: class.name},
			Provisioner:          provisioner,
			ReclaimPolicy:        &reclaim,
			VolumeBindingMode:    &binding,
			AllowVolumeExpansion: &class.expands,
		}
		if class.isDefault {
			made.Annotations = map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}
		}
		if _, err := clients.typed.StorageV1().StorageClasses().Create(ctx, made, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create storage class %s: %w", class.name, err)
		}
	}
	return nil
}

// volumes reconciles claims and volumes; a key of its queue is the namespace and name of a claim,
// or the name of a volume alone.
type volumes struct {
	clients *clients
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	drivers storagelisters.CSIDriverLister
	queue   workqueue.TypedRateLimitingInterface[cache.ObjectName]
}

// startVolumes runs the driver until the context ends.
func startVolumes(ctx context.Context, clients *clients) {
	factory := informers.NewSharedInformerFactory(clients.typed, 0)
	claims := factory.Core().V1().PersistentVolumeClaims()
	persistent := factory.Core().V1().PersistentVolumes()
	drivers := factory.Storage().V1().CSIDrivers()
	driver := &volumes{
		clients: clients,
		claims:  claims.Lister(),
		volumes: persistent.Lister(),
		drivers: drivers.Lister(),
		queue:   workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[cache.ObjectName]()),
	}
	enqueue := func(object any) {
		if name, err := cache.ObjectToName(object); err == nil {
			driver.queue.Add(name)
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    enqueue,
		UpdateFunc: func(_, object any) { enqueue(object) },
	}
	_, _ = claims.Informer().AddEventHandler(handler)
	_, _ = persistent.Informer().AddEventHandler(handler)
	_, _ = drivers.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		// Claims may have waited for it.
		AddFunc: func(any) { driver.enqueueClaims() },
	})
	factory.Start(ctx.Done())

	const workers = 4
	go func() {
		factory.WaitForCacheSync(ctx.Done())
		for range workers {
			go driver.work(ctx)
		}
		<-ctx.Done()
		driver.queue.ShutDown()
	}()
}

func (v *volumes) enqueueClaims() {
	claims, err := v.claims.List(labels.Everything())
	if err != nil {
		return // A lister of a cache never fails.
	}
	for _, claim := range claims {
		v.queue.Add(cache.MetaObjectToName(claim))
	}
}

// serves says whether volumes of a driver, named as on a claim, can be had.
func (v *volumes) serves(driver string) bool {
	if driver == provisioner {
		return true
	}
	_, err := v.drivers.Get(driver)
	return driver != "" && err == nil
}

// isOurs says whether a volume was made here, for whatever driver.
func isOurs(volume *corev1.PersistentVolume) bool {
	return volume.Spec.HostPath != nil && strings.HasPrefix(volume.Spec.HostPath.Path, volumePath)
}

func (v *volumes) work(ctx context.Context) {
	for {
		name, shutdown := v.queue.Get()
		if shutdown {
			return
		}
		if err := v.reconcile(ctx, name); err != nil && !apierrors.IsNotFound(err) {
			klog.V(1).InfoS("volume is tried again", "object", name, "err", err)
			v.queue.AddRateLimited(name)
		} else {
			v.queue.Forget(name)
		}
		v.queue.Done(name)
	}
}

func (v *volumes) reconcile(ctx context.Context, name cache.ObjectName) error {
	if name.Namespace == "" {
		volume, err := v.volumes.Get(name.Name)
		if err != nil {
			return err
		}
		return v.reclaim(ctx, volume)
	}
	claim, err := v.claims.PersistentVolumeClaims(name.Namespace).Get(name.Name)
	if err != nil {
		return err
	}
	if claim.DeletionTimestamp != nil {
		return nil
	}
	if claim.Spec.VolumeName == "" {
		return v.provision(ctx, claim)
	}
	return v.grow(ctx, claim)
}

// provision makes the volume that the claim asks for; kube-controller-manager then binds the two.
func (v *volumes) provision(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	driver := claim.Annotations[wantedProvisioner]
	if !v.serves(driver) || claim.Spec.StorageClassName == nil {
		return nil
	}
	class, err := v.clients.typed.StorageV1().StorageClasses().Get(ctx, *claim.Spec.StorageClassName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        "pvc-" + string(claim.UID),
			Annotations: map[string]string{provisionedBy: driver},
		},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			PersistentVolumeReclaimPolicy: *class.ReclaimPolicy,
			StorageClassName:              class.Name,
			VolumeMode:                    claim.Spec.VolumeMode,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1",
				Kind:       "PersistentVolumeClaim",
				Namespace:  claim.Namespace,
				Name:       claim.Name,
				UID:        claim.UID,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: volumePath + string(claim.UID)},
			},
		},
	}
	_, err = v.clients.typed.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// grow gives a bound claim the capacity it asks for: first the volume, then the claim's status, so
// that nobody sees more capacity on the claim than there is.
func (v *volumes) grow(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	if claim.Status.Phase != corev1.ClaimBound || claim.Annotations[claimFault] == "resize-hangs" {
		return nil
	}
	wanted := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	capacity := claim.Status.Capacity[corev1.ResourceStorage]
	if wanted.Cmp(capacity) <= 0 {
		return nil
	}
	volume, err := v.volumes.Get(claim.Spec.VolumeName)
	if err != nil || !isOurs(volume) || !v.serves(volume.Annotations[provisionedBy]) {
		return err
	}
	storage := corev1.ResourceList{corev1.ResourceStorage: wanted}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"capacity": storage}})
	if err != nil {
		return fmt.Errorf("encode the capacity: %w", err)
	}
	_, err = v.clients.typed.CoreV1().PersistentVolumes().Patch(ctx, volume.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	patch, err = json.Marshal(map[string]any{"status": map[string]any{"capacity": storage, "conditions": nil}})
	if err != nil {
		return fmt.Errorf("encode the capacity: %w", err)
	}
	_, err = v.clients.typed.CoreV1().PersistentVolumeClaims(claim.Namespace).
		Patch(ctx, claim.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

// reclaim deletes a volume of ours whose claim is gone, when its policy says so.
func (v *volumes) reclaim(ctx context.Context, volume *corev1.PersistentVolume) error {
	if !isOurs(volume) ||
		volume.Status.Phase != corev1.VolumeReleased ||
		volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete ||
		volume.DeletionTimestamp != nil {
		return nil
	}
	return v.clients.typed.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &volume.UID},
	})
}
