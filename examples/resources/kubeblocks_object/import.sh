# <group>/<version>/<kind>/<name>, and for kinds that live in namespaces <group>/<version>/<kind>/<namespace>/<name>
terraform import kubeblocks_object.memo apps.kubeblocks.io/v1alpha1/ClusterDefinition/memo
