// An identity provider whose people log in with any password: the certified `oidc-provider`. The part
// of a name before `@` is the person's group.
import { pathToFileURL } from 'node:url';

const [folder, port, callback] = process.argv.slice(2);
const path = `${folder}/node_modules/oidc-provider/lib/index.js`;
const { default: Provider } = await import(pathToFileURL(path));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'plimsoll',
    client_secret: 'a secret: of & clients+',
    redirect_uris: [callback],
    application_type: 'native',
    grant_types: ['authorization_code'],
    response_types: ['code'],
  }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id, email_verified: true, groups: [id.split('@')[0]] }),
  }),
});
provider.listen(Number(port), '127.0.0.1');
