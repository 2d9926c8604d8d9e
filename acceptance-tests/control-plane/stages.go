package main

import (
	"embed"
	"fmt"

	nodefast "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	heartbeat "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	podfast "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/config"
)

// ownStages are the healthy pod, and the ways in which a pod fails on request, one file each. A pod
// asks for a fault with the annotation "playground.kubeblocks.io/fault".
//
//go:embed stages/*.yaml
var ownStages embed.FS

// Annotations and labels by which a pod says how it is to be played.
const (
	completeDelayAnnotation = `.metadata.annotations["playground.kubeblocks.io/complete-delay"]`
	// addonLabel marks the pods of add-on jobs. KWOK would call them completed without their
	// having done anything, so it must leave them to whoever runs them in earnest.
	addonLabel = `.metadata.labels["extensions.kubeblocks.io/addon-name"]`
	// addonRemovalLabel marks the pod of the job that removes add-ons before the operator goes.
	addonRemovalLabel = `.metadata.labels["job-name"]`
	addonRemovalJob   = "kubeblocks-addon-removal"
)

// stages are KWOK's own for nodes, completion and deletion, and ours for the rest of a pod's life.
func stages() (map[internalversion.StageResourceRef][]*internalversion.Stage, error) {
	all := map[internalversion.StageResourceRef][]*internalversion.Stage{}
	add := func(content string, adjust ...func(*internalversion.Stage)) error {
		stage, err := config.UnmarshalWithType[*internalversion.Stage](content)
		if err != nil {
			return fmt.Errorf("read a stage: %w", err)
		}
		for _, apply := range adjust {
			apply(stage)
		}
		all[stage.Spec.ResourceRef] = append(all[stage.Spec.ResourceRef], stage)
		return nil
	}
	if err := add(nodefast.DefaultNodeInit); err != nil {
		return nil, err
	}
	if err := add(heartbeat.DefaultNodeHeartbeatWithLease); err != nil {
		return nil, err
	}
	if err := add(podfast.DefaultPodComplete, notAddonJobs, delayedBy(completeDelayAnnotation)); err != nil {
		return nil, err
	}
	if err := add(podfast.DefaultPodDelete); err != nil {
		return nil, err
	}

	files, err := ownStages.ReadDir("stages")
	if err != nil {
		return nil, fmt.Errorf("list the stages: %w", err)
	}
	for _, file := range files {
		content, err := ownStages.ReadFile("stages/" + file.Name())
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file.Name(), err)
		}
		if err := add(string(content), notAddonJobs); err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name(), err)
		}
	}
	return all, nil
}

// notAddonJobs keeps a stage away from the pods of add-on jobs.
func notAddonJobs(stage *internalversion.Stage) {
	require(stage, addonLabel, internalversion.SelectorOpDoesNotExist)
	require(stage, addonRemovalLabel, internalversion.SelectorOpNotIn, addonRemovalJob)
}

func require(stage *internalversion.Stage, field string, operator internalversion.SelectorOperator, values ...string) {
	stage.Spec.Selector.MatchExpressions = append(stage.Spec.Selector.MatchExpressions, internalversion.MatchExpression{
		JQ: &internalversion.SelectorJQ{Key: field, Operator: operator, Values: values},
	})
}

// delayedBy lets an annotation such as "3s" hold a stage back.
func delayedBy(field string) func(*internalversion.Stage) {
	return func(stage *internalversion.Stage) {
		stage.Spec.Delay = &internalversion.StageDelay{
			DurationFrom: &internalversion.ExpressionFrom{JQ: &internalversion.ExpressionJQ{Expression: field}},
		}
	}
}
