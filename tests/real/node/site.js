// A site that express-stormpath guards: node site.js, with BASE_URL, KEY_ID, KEY_SECRET and APPLICATION_HREF set.
// Prints its port when it is ready to serve.
'use strict';

const express = require('express');
const stormpath = require('express-stormpath');

const { BASE_URL, KEY_ID, KEY_SECRET, APPLICATION_HREF } = process.env;
const site = express();

site.use(stormpath.init(site, {
  client: { apiKey: { id: KEY_ID, secret: KEY_SECRET }, baseUrl: BASE_URL },
  application: { href: APPLICATION_HREF },
  web: { produces: ['application/json'] },
}));
site.get('/members', stormpath.authenticationRequired, (request, response) => response.send(request.user.email));

site.on('stormpath.ready', () => {
  const server = site.listen(0, '127.0.0.1', () => console.log(server.address().port));
});
site.on('stormpath.error', (error) => {
  console.error(error);
  process.exit(1);
});
