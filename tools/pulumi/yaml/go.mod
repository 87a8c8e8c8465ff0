module trimaran.dev/tools/pulumi/yaml

go 1.25.9

require github.com/pulumi/pulumi-yaml v1.32.0
