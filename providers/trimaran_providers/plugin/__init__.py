"""The Pulumi plugin `pulumi-resource-trimaran`, and how Python programs reach it."""
