# The whole story of a second factor, by curl. Source it after first-customer.sh: it needs API and AUTH, curl, jq and python3.
# What an authenticator app does with a secret (RFC 6238): six digits for this half minute.
totp() { python3 -c 'import base64, hmac, sys, time
mac = hmac.digest(base64.b32decode(sys.argv[1]), int(time.time() // 30).to_bytes(8, "big"), "sha1")
at = mac[-1] & 15
print("%06d" % ((int.from_bytes(mac[at:at + 4], "big") & 0x7FFFFFFF) % 1000000))' "$1"; }
PASSWORD='{"email":"owner@example.com","password":"correct horse battery staple"}'

# Set up an authenticator app. qr_svg is the picture to scan; a code shows that the app has the secret.
SECRET=$(curl -sS -H "$AUTH" -X POST $API/v1/me/totp | jq -r .secret)
CODE=$(totp $SECRET)
curl -sS -H "$AUTH" $API/v1/me/totp/verify --json '{"code":"'$CODE'"}' > factor.json
jq -r '"set up: \(.method), \(.recovery_codes | length) recovery codes"' factor.json
CODES=($(jq -r '.recovery_codes[]' factor.json))

# From now on the password alone is not enough: the answer says what would be, and has a ticket for it.
curl -sS $API/v1/sessions --json "$PASSWORD" | jq -r '"\(.status) \(.code): \(.challenge.methods | join(", "))"'
ticket() { curl -sS $API/v1/sessions --json "$PASSWORD" | jq -r .challenge.ticket; }
second() { curl -sS $API/v1/sessions/second-factor --json '{"ticket":"'$(ticket)'",'"$1"'}'; }
second '"totp_code":"000000"' | jq -r '"\(.status) \(.code)"'
# The code that set it up is spent, and so is a recovery code after its one use.
second '"totp_code":"'$CODE'"' | jq -r '"\(.status) \(.code)"'
second '"recovery_code":"'${CODES[0]}'"' | jq -r 'if .access_token then "signed in" else .code end'
second '"recovery_code":"'${CODES[0]}'"' | jq -r '"\(.status) \(.code)"'
AUTH="Authorization: Bearer $(second '"recovery_code":"'${CODES[1]}'"' | jq -r .access_token)"
curl -sS -H "$AUTH" $API/v1/me/sessions | jq -c '.data[] | select(.is_current) | .factors'

# Required for everybody, and so the last one stays. Who would have to set one up is known before.
curl -sS -H "$AUTH" $API/v1/sign-in-policy/affected | jq -c '{total}'
curl -sS -H "$AUTH" -H 'If-Match: *' -X PUT $API/v1/sign-in-policy --json '{"second_factor":"required"}' | jq -c '{second_factor, people_without_factor}'
curl -sS -H "$AUTH" -X DELETE $API/v1/me/totp | jq -r '"\(.status) \(.code)"'

# As it was.
curl -sS -H "$AUTH" -H 'If-Match: *' -X PUT $API/v1/sign-in-policy --json '{"second_factor":null}' | jq -c '{second_factor}'
curl -sS -H "$AUTH" -X DELETE -o gone.txt -w '%{http_code}\n' $API/v1/me/totp
