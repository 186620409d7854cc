# What whoever runs `radstream erase` may do in Vault or OpenBao: see which keys there are, destroy them,
# and tell the pipeline's processes that something was erased. Not: open a key.

path "secret/data/radstream/keys/*" {
  capabilities = ["read"]
}

path "secret/destroy/radstream/keys/*" {
  capabilities = ["update"]
}

path "secret/data/radstream/erasures" {
  capabilities = ["create", "read", "update"]
}
