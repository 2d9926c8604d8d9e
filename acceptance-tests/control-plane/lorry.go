package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"
)

// This file plays lorry, the helper in the pods of databases, as far as it manages accounts: the operations of
// KubeBlocks 0.7.5, their answers, and their errors. What the database behind it does is in engine.go.
//
// The accounts of a component are in a ConfigMap that the Cluster owns, so that a test can look at them and change
// them, and so that they go with the database. It holds digests of the passwords, and no password.

const (
	instanceLabel  = "app.kubernetes.io/instance"
	componentLabel = "apps.kubeblocks.io/component-name"
	roleLabel      = "kubeblocks.io/role"
	characterType  = "KB_CHARACTER_TYPE"
	// commandsKey is where the distinct command lines are kept that accounts were managed with.
	commandsKey = "playground.kubeblocks.io/commands"
	// holdKey is the annotation of a namespace with an operation that is held back.
	holdKey = "playground.kubeblocks.io/hold-account-operation"
)

var clusterResource = schema.GroupVersionResource{Group: "apps.kubeblocks.io", Version: "v1alpha1", Resource: "clusters"}

// account is a user of a database.
type account struct {
	// Grants are what the user may do, in the words of the engine.
	Grants []string `json:"grants"`
	// PasswordSHA256 is the digest of the password, as hexadecimal digits.
	PasswordSHA256 string `json:"password_sha256"`
	// Disabled is whether it cannot log in.
	Disabled bool `json:"disabled,omitempty"`
	// Owns is whether objects of the database belong to it.
	Owns bool `json:"owns,omitempty"`
}

// lorries answers for all pods.
type lorries struct {
	// One at a time, as two pods share the accounts of their component.
	turn sync.Mutex
}

// lorryRequest is what lorry is asked.
type lorryRequest struct {
	Operation string            `json:"operation"`
	Metadata  map[string]string `json:"metadata"`
}

type lorryMetadata struct {
	Operation string `json:"operation,omitempty"`
	StartTime string `json:"startTime,omitempty"`
	EndTime   string `json:"endTime,omitempty"`
	Extra     string `json:"extra,omitempty"`
}

type lorryAnswer struct {
	Event    string         `json:"event"`
	Message  any            `json:"message,omitempty"`
	Count    *int           `json:"count,omitempty"`
	Metadata *lorryMetadata `json:"metadata,omitempty"`
}

// answer is the body of lorry's answer. An error is one of the playground, not of the database.
func (l *lorries) answer(ctx context.Context, clients *clients, pod *corev1.Pod, lorry *corev1.Container, argv []string, body string) (string, error) {
	var request lorryRequest
	if json.Unmarshal([]byte(body), &request) != nil {
		// The real one logs it and writes nothing.
		return "", nil
	}
	character := "custom"
	for _, variable := range lorry.Env {
		if variable.Name == characterType && variable.Value != "" {
			character = variable.Value
		}
	}
	database := engineOf(character)
	if database == nil || !database.implements(request.Operation) {
		message := fmt.Sprintf("%s operation is not implemented for %s", request.Operation, character)
		return encode(lorryAnswer{Event: "NotImplemented", Message: message})
	}
	if err := hold(ctx, clients, pod.Namespace, request.Operation); err != nil {
		return "", err
	}
	l.turn.Lock()
	defer l.turn.Unlock()
	var answer lorryAnswer
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		stored, err := readAccounts(ctx, clients, pod)
		if err != nil {
			return err
		}
		stored.note(argv)
		answer = perform(database, isLeading(pod), request, stored.accounts)
		return stored.write(ctx, clients)
	})
	if err != nil {
		return "", err
	}
	return encode(answer)
}

// hold waits while the namespace asks for an operation to be held back, so that a test can interrupt it there.
func hold(ctx context.Context, clients *clients, namespace, operation string) error {
	const interval, longest = 100 * time.Millisecond, 5 * time.Minute
	return wait.PollUntilContextTimeout(ctx, interval, longest, true, func(ctx context.Context) (bool, error) {
		found, err := clients.typed.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
		return err == nil && found.Annotations[holdKey] != operation, nil
	})
}

func isLeading(pod *corev1.Pod) bool {
	return slices.Contains([]string{"leader", "primary"}, pod.Labels[roleLabel])
}

func encode(answer lorryAnswer) (string, error) {
	text, err := json.Marshal(answer)
	return string(text), err
}

// perform does one operation with the accounts.
func perform(database engine, isLeading bool, request lorryRequest, accounts map[string]*account) lorryAnswer {
	failed := func(message string) lorryAnswer { return lorryAnswer{Event: "Failed", Message: message} }
	user := request.Metadata["userName"]
	if request.Operation == "exec" {
		statement := request.Metadata["sql"]
		if statement == "" {
			return failed("no sql provided")
		}
		if err := database.execute(isLeading, statement, accounts); err != nil {
			return failed(err.Error())
		}
		count := 0
		return lorryAnswer{Event: "Success", Count: &count}
	}
	if user == "" && request.Operation != "listUsers" {
		return failed("no username provided")
	}
	if request.Operation == "createUser" && request.Metadata["password"] == "" {
		return failed("no password provided")
	}
	if request.Operation == "grantUserRole" || request.Operation == "revokeUserRole" {
		if request.Metadata["roleName"] == "" {
			return failed("no rolename provided")
		}
		if !slices.Contains([]string{"superuser", "readwrite", "readonly"}, request.Metadata["roleName"]) {
			return failed("invalid rolename, should be one of [superuser, readwrite, readonly]")
		}
	}
	started := time.Now().Format(time.RFC3339Nano)
	message, statement, err := database.operate(isLeading, request, accounts)
	answer := lorryAnswer{Event: "Success", Message: message, Metadata: &lorryMetadata{
		Operation: request.Operation, StartTime: started, EndTime: time.Now().Format(time.RFC3339Nano), Extra: statement,
	}}
	if err != nil {
		answer.Event, answer.Message = "Failed", err.Error()
	}
	return answer
}

// storedAccounts are the accounts of one component with the ConfigMap that they are kept in.
type storedAccounts struct {
	accounts map[string]*account
	object   *corev1.ConfigMap
	before   string
}

// accountsName is the name of the ConfigMap.
func accountsName(pod *corev1.Pod) string {
	return fmt.Sprintf("%s-%s-playground-accounts", pod.Labels[instanceLabel], pod.Labels[componentLabel])
}

func readAccounts(ctx context.Context, clients *clients, pod *corev1.Pod) (*storedAccounts, error) {
	stored := &storedAccounts{accounts: map[string]*account{}}
	object, err := clients.typed.CoreV1().ConfigMaps(pod.Namespace).Get(ctx, accountsName(pod), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		cluster, err := clients.dynamic.Resource(clusterResource).Namespace(pod.Namespace).Get(ctx, pod.Labels[instanceLabel], metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("read the Cluster of the accounts: %w", err)
		}
		object = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Name: accountsName(pod), Namespace: pod.Namespace,
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: cluster.GetAPIVersion(), Kind: cluster.GetKind(), Name: cluster.GetName(), UID: cluster.GetUID(),
			}},
		}}
	} else if err != nil {
		return nil, fmt.Errorf("read the accounts: %w", err)
	}
	stored.object = object
	for name, text := range object.Data {
		var known account
		if err := json.Unmarshal([]byte(text), &known); err != nil {
			return nil, fmt.Errorf("account %s: %w", name, err)
		}
		stored.accounts[name] = &known
	}
	stored.before = stored.text()
	return stored, nil
}

func (s *storedAccounts) text() string {
	text, _ := json.Marshal([]any{s.accounts, s.object.Annotations})
	return string(text)
}

// note keeps the command line, if it is a new one.
func (s *storedAccounts) note(argv []string) {
	var known [][]string
	_ = json.Unmarshal([]byte(s.object.Annotations[commandsKey]), &known)
	if slices.ContainsFunc(known, func(one []string) bool { return slices.Equal(one, argv) }) {
		return
	}
	text, _ := json.Marshal(append(known, argv))
	metav1.SetMetaDataAnnotation(&s.object.ObjectMeta, commandsKey, string(text))
}

func (s *storedAccounts) write(ctx context.Context, clients *clients) error {
	if s.text() == s.before {
		return nil
	}
	s.object.Data = map[string]string{}
	for name, known := range s.accounts {
		text, err := json.Marshal(known)
		if err != nil {
			return err
		}
		s.object.Data[name] = string(text)
	}
	objects := clients.typed.CoreV1().ConfigMaps(s.object.Namespace)
	if s.object.UID == "" {
		_, err := objects.Create(ctx, s.object, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return apierrors.NewConflict(corev1.Resource("configmaps"), s.object.Name, errors.New("made meanwhile"))
		}
		return err
	}
	_, err := objects.Update(ctx, s.object, metav1.UpdateOptions{})
	return err
}
