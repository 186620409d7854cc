# What the pipeline's processes may do in Vault or OpenBao: make, wrap and open patients' keys.
# None of them can destroy one.

path "transit/datakey/plaintext/radstream" {
  capabilities = ["update"]
}

path "transit/decrypt/radstream" {
  capabilities = ["update"]
}

# "update" answers a process that came second with "check-and-set" instead of "permission denied".
path "secret/data/radstream/keys/*" {
  capabilities = ["create", "read", "update"]
}

path "secret/data/radstream/erasures" {
  capabilities = ["read"]
}
