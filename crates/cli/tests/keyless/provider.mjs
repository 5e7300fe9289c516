// An identity provider whose people log in with any password: the certified `oidc-provider`.
import { pathToFileURL } from 'node:url';

const [folder, port] = process.argv.slice(2);
const path = `${folder}/node_modules/oidc-provider/lib/index.js`;
const { default: Provider } = await import(pathToFileURL(path));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'sigstore',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    redirect_uris: ['http://localhost/auth/callback'],
  }],
  features: { deviceFlow: { enabled: true } },
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id, email_verified: true }),
  }),
});
provider.listen(Number(port), '127.0.0.1');
