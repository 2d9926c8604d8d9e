package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"net"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// This file gives Services of type LoadBalancer an address, as the cloud controller manager of a
// managed cluster does, with the same finalizer. The address carries no packet.

// loadBalancerCleanup keeps a Service until its load balancer is gone.
const loadBalancerCleanup = "service.kubernetes.io/load-balancer-cleanup"

// loadBalancerNetwork is 198.18.0.0/15, which is set aside for tests of networks.
const loadBalancerNetwork, loadBalancerHosts = 198<<24 | 18<<16, 1 << 17

// loadBalancers reconciles Services.
type loadBalancers struct {
	clients  *clients
	services corelisters.ServiceLister
	queue    workqueue.TypedRateLimitingInterface[cache.ObjectName]
}

// startLoadBalancers runs the controller until the context ends.
func startLoadBalancers(ctx context.Context, clients *clients) {
	factory := informers.NewSharedInformerFactory(clients.typed, 0)
	services := factory.Core().V1().Services()
	controller := &loadBalancers{
		clients:  clients,
		services: services.Lister(),
		queue:    workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[cache.ObjectName]()),
	}
	enqueue := func(object any) {
		if name, err := cache.ObjectToName(object); err == nil {
			controller.queue.Add(name)
		}
	}
	_, _ = services.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    enqueue,
		UpdateFunc: func(_, object any) { enqueue(object) },
	})
	factory.Start(ctx.Done())
	go func() {
		factory.WaitForCacheSync(ctx.Done())
		go controller.work(ctx)
		<-ctx.Done()
		controller.queue.ShutDown()
	}()
}

func (l *loadBalancers) work(ctx context.Context) {
	for {
		name, shutdown := l.queue.Get()
		if shutdown {
			return
		}
		if err := l.reconcile(ctx, name); err != nil && !apierrors.IsNotFound(err) {
			klog.V(1).InfoS("load balancer is tried again", "service", name, "err", err)
			l.queue.AddRateLimited(name)
		} else {
			l.queue.Forget(name)
		}
		l.queue.Done(name)
	}
}

func (l *loadBalancers) reconcile(ctx context.Context, name cache.ObjectName) error {
	known, err := l.services.Services(name.Namespace).Get(name.Name)
	if err != nil {
		return err
	}
	service := known.DeepCopy()
	wanted := service.Spec.Type == corev1.ServiceTypeLoadBalancer && service.DeletionTimestamp == nil
	if wanted && service.Spec.LoadBalancerClass != nil {
		return nil // Another controller's.
	}
	// The finalizer comes first and goes last: a load balancer without one could be left behind.
	if wanted {
		if service, err = l.setFinalizer(ctx, service, true); err != nil {
			return err
		}
		return l.setAddress(ctx, service, []corev1.LoadBalancerIngress{{IP: address(service.UID)}})
	}
	if !slices.Contains(service.Finalizers, loadBalancerCleanup) {
		return nil
	}
	if err := l.setAddress(ctx, service, nil); err != nil {
		return err
	}
	if service, err = l.clients.typed.CoreV1().Services(name.Namespace).Get(ctx, name.Name, metav1.GetOptions{}); err != nil {
		return err
	}
	_, err = l.setFinalizer(ctx, service, false)
	return err
}

func (l *loadBalancers) setFinalizer(ctx context.Context, service *corev1.Service, wanted bool) (*corev1.Service, error) {
	if slices.Contains(service.Finalizers, loadBalancerCleanup) == wanted {
		return service, nil
	}
	if wanted {
		service.Finalizers = append(service.Finalizers, loadBalancerCleanup)
	} else {
		service.Finalizers = slices.DeleteFunc(service.Finalizers, func(name string) bool { return name == loadBalancerCleanup })
	}
	updated, err := l.clients.typed.CoreV1().Services(service.Namespace).Update(ctx, service, metav1.UpdateOptions{})
	if err != nil {
		return nil, fmt.Errorf("write the finalizer: %w", err)
	}
	return updated, nil
}

func (l *loadBalancers) setAddress(ctx context.Context, service *corev1.Service, ingress []corev1.LoadBalancerIngress) error {
	current := service.Status.LoadBalancer.Ingress
	if len(current) == len(ingress) && (len(ingress) == 0 || current[0].IP == ingress[0].IP) {
		return nil
	}
	service.Status.LoadBalancer.Ingress = ingress
	_, err := l.clients.typed.CoreV1().Services(service.Namespace).UpdateStatus(ctx, service, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("write the address: %w", err)
	}
	return nil
}

// address is the same each time for one Service, and hardly the same for two.
func address(uid types.UID) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(uid))
	// Neither the first nor the last address of the network.
	host := 1 + hash.Sum32()%(loadBalancerHosts-2)
	ip := make(net.IP, net.IPv4len)
	binary.BigEndian.PutUint32(ip, loadBalancerNetwork+host)
	return ip.String()
}
