# Source it: it sets API, AUTH and the ids. Needs curl and jq.
export API=https://localhost:8443 CURL_CA_BUNDLE=$PWD/data/tls.crt
TOKEN=$(curl -sS $API/v1/sessions --json '{"email":"owner@example.com","password":"correct horse battery staple"}' | jq -r .access_token)
export AUTH="Authorization: Bearer $TOKEN"

TENANT=$(curl -sS -H "$AUTH" -H 'Idempotency-Key: acme-1' $API/v1/tenants --json '{"name":"Acme Ltd","external_ref":"C-1001"}' | jq -r .id)
ROUTE=$(curl -sS -H "$AUTH" -H 'Idempotency-Key: acme-2' $API/v1/routes --json '{"tenant_id":"'$TENANT'","name":"mail server","hops":[{"host":"mail.acme.example","port":25,"tls":{"level":"opportunistic"}}]}' | jq -r .id)
VERSION=$(curl -sS -H "$AUTH" -H 'Idempotency-Key: acme-3' -o domain.json -w '%header{config-version}' $API/v1/domains --json '{"tenant_id":"'$TENANT'","name":"acme.example","recipients":"any","route_id":"'$ROUTE'"}')
jq '{name, state}' domain.json

# Acknowledged means applied: wait until the workers run it.
curl -sS -H "$AUTH" "$API/v1/config/versions/$VERSION?wait=10" | jq '{state, share}'
