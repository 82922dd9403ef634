"""From Kubernetes objects to what a cluster publishes and believes; pure."""
