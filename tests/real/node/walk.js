// Walks through a directory with the official Node SDK: node walk.js, with BASE_URL, KEY_ID and KEY_SECRET set.
// Prints one line a step; a step that is not as it should be ends the program with a trace and status 1.
'use strict';

const assert = require('assert');
const stormpath = require('stormpath');

// The SDK speaks in callbacks.
const ask = (object, method, ...args) => new Promise((resolve, reject) =>
  object[method](...args, (error, ...found) => (error ? reject(error) : resolve(found[0]))));
const refused = (promise, status, code) => promise.then(
  () => assert.fail(`${code} expected`),
  (error) => assert.deepStrictEqual([error.status, error.code], [status, code], error.message));
const ready = (client) => new Promise((resolve, reject) => client.on('ready', resolve).on('error', reject));

const password = 'Changeme1';
const unique = `walk ${process.pid} ${Date.now()}`;
const { BASE_URL, KEY_ID, KEY_SECRET } = process.env;

const steps = {
  async tenant(world) {
    world.client = new stormpath.Client({
      apiKey: { id: KEY_ID, secret: KEY_SECRET },
      client: { baseUrl: BASE_URL },
      skipRemoteConfig: true,
    });
    await ready(world.client);
    const tenant = await ask(world.client, 'getCurrentTenant');
    assert.ok(tenant.href.startsWith(`${BASE_URL}/tenants/`));
    assert.ok(tenant.key);
  },

  async application(world) {
    world.application = await ask(
      world.client, 'createApplication', { name: unique, description: 'first' }, { createDirectory: true });
    world.application.description = 'second';
    await ask(world.application, 'save');
    const found = await ask(world.client, 'getApplications', { name: unique });
    assert.strictEqual(found.size, 1);
    assert.strictEqual(found.items[0].description, 'second');
    await refused(ask(world.client, 'createApplication', { name: unique }), 409, 2001);
  },

  async directory(world) {
    const found = await ask(world.client, 'getDirectories', { name: `${unique} Directory` });
    world.directory = found.items[0];
    const policy = await ask(world.directory, 'getPasswordPolicy');
    assert.strictEqual(policy.resetTokenTtl, 24);
    const creation = await ask(world.directory, 'getAccountCreationPolicy');
    assert.strictEqual(creation.verificationEmailStatus, 'DISABLED');
  },

  async group(world) {
    world.group = await ask(world.directory, 'createGroup', { name: 'admins', customData: { colour: 'red' } });
    assert.strictEqual((await ask(world.directory, 'getGroups', { name: 'adm*' })).size, 1);
  },

  async account(world) {
    world.account = await ask(world.application, 'createAccount', {
      givenName: 'Ada', surname: 'Lovelace', email: 'ada@example.org', username: 'ada', password,
    });
    assert.strictEqual(world.account.fullName, 'Ada Lovelace');
    await ask(world.account, 'addToGroup', world.group);
    assert.strictEqual((await ask(world.account, 'getGroups')).items[0].name, 'admins');
    await refused(ask(world.application, 'createAccount', {
      givenName: 'Eve', surname: 'Lovelace', email: 'eve@example.org', password: '1',
    }), 400, 2007);
  },

  async customData(world) {
    const data = await ask(world.account, 'getCustomData');
    data.favourite_colour = 'blue';
    data.nested = { list: [1, 'two', { three: true }] };
    await ask(data, 'save');
    data.remove('favourite_colour');
    await ask(data, 'save');
    const account = await ask(
      world.client, 'getAccount', world.account.href, { expand: 'customData,directory,groups(limit:1)' });
    assert.deepStrictEqual(account.customData.nested, { list: [1, 'two', { three: true }] });
    assert.strictEqual(account.customData.favourite_colour, undefined);
    assert.strictEqual(account.groups.items.length, 1);
    assert.strictEqual(account.directory.name, `${unique} Directory`);
  },

  async login(world) {
    const result = await ask(world.application, 'authenticateAccount', { username: 'ADA', password });
    const account = await ask(result, 'getAccount');
    assert.strictEqual(account.href, world.account.href);
    await refused(ask(world.application, 'authenticateAccount', { username: 'ada', password: 'wrong' }), 400, 7100);
    await refused(ask(world.application, 'authenticateAccount', { username: 'nobody', password }), 400, 7104);
  },

  async apiKey(world) {
    // The SDK asks for the secret encrypted, and decrypts it.
    const made = await ask(world.account, 'createApiKey');
    const found = await ask(world.application, 'getApiKey', made.id);
    assert.strictEqual(found.secret, made.secret);
    assert.match(made.secret, /^[0-9A-Za-z+/]{43}$/);
    world.apiKey = made;
  },

  async tokens(world) {
    const password_ = new stormpath.OAuthPasswordGrantRequestAuthenticator(world.application);
    const granted = await ask(password_, 'authenticate', { username: 'ada', password });
    const { access_token, refresh_token, token_type } = granted.accessTokenResponse;
    assert.strictEqual(token_type, 'Bearer');
    const authenticator = new stormpath.OAuthAuthenticator(world.application);
    const request = { headers: { authorization: `Bearer ${access_token}` }, method: 'GET', url: '/' };
    const remote = await ask(authenticator, 'authenticate', request);
    assert.strictEqual((await ask(remote, 'getAccount')).href, world.account.href);
    const local = await ask(
      new stormpath.OAuthAuthenticator(world.application).withLocalValidation(), 'authenticate', request);
    assert.strictEqual((await ask(local, 'getAccount')).href, world.account.href);
    const refresh = new stormpath.OAuthRefreshTokenGrantRequestAuthenticator(world.application);
    const again = await ask(refresh, 'authenticate', { refresh_token });
    assert.notStrictEqual(again.accessTokenResponse.access_token, access_token);
    const machine = new stormpath.OAuthClientCredentialsAuthenticator(world.application);
    const issued = await ask(machine, 'authenticate', { apiKey: world.apiKey });
    assert.strictEqual(issued.accessTokenResponse.refresh_token, undefined);
    const tokens = await ask(world.account, 'getRefreshTokens');
    await Promise.all(tokens.items.map((token) => ask(token, 'delete')));
    assert.strictEqual((await ask(world.account, 'getRefreshTokens')).size, 0);
    await refused(ask(refresh, 'authenticate', { refresh_token }), 400, 10013);
  },

  async paging(world) {
    for (let number = 0; number < 30; number += 1) {
      await ask(world.directory, 'createGroup', { name: `group ${String(number).padStart(2, '0')}` });
    }
    const page = await ask(world.directory, 'getGroups', { limit: 10, offset: 5, orderBy: 'name desc' });
    assert.deepStrictEqual([page.size, page.items.length, page.items[0].name], [31, 10, 'group 24']);
    const names = [];
    await new Promise((resolve, reject) => page.each(
      (group, next) => { names.push(group.name); next(); }, (error) => (error ? reject(error) : resolve())));
    assert.ok(names.length >= 10);
  },

  async farewell(world) {
    await ask(world.account, 'delete');
    await refused(ask(world.client, 'getAccount', world.account.href, { nocache: true }), 404, 404);
    await ask(world.application, 'delete');
    await ask(world.directory, 'delete');
  },
};

(async () => {
  const world = {};
  for (const [name, step] of Object.entries(steps)) {
    await step(world);
    console.log(name);
  }
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
