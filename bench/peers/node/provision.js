// The plain script that one would write first: the steps of a sign-up one after the other, each with the usual library.
// It keeps no promise when it is killed, repeated or refused; it is here to be measured beside Slipway.
//   node provision.js CONFIG.json
import fs from "node:fs";
import http from "node:http";
import crypto from "node:crypto";
import Database from "better-sqlite3";
import Docker from "dockerode";
import nodemailer from "nodemailer";
import pg from "pg";

const config = JSON.parse(fs.readFileSync(process.argv[2]));
const docker = new Docker({ socketPath: config.engine });
const postgres = new pg.Pool({ connectionString: config.postgres, max: 8 });
const mailer = nodemailer.createTransport({ streamTransport: true, buffer: true });
const ledger = new Database(config.ledger);
ledger.pragma("journal_mode = WAL");
ledger.pragma("synchronous = FULL");
ledger.exec(`CREATE TABLE IF NOT EXISTS tenants (
  id TEXT PRIMARY KEY, subdomain TEXT UNIQUE, email TEXT, company TEXT, port INTEGER, container TEXT, status TEXT)`);

const agent = new http.Agent({ keepAlive: false });
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
let nextPort = config.firstPort;
const freePorts = [];

function answers(port) {
  return new Promise((resolve) => {
    const request = http.get({ host: "127.0.0.1", port, path: "/healthz", agent, timeout: 5000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("error", () => resolve(false));
    request.on("timeout", () => request.destroy());
  });
}

async function provision(signUp) {
  const id = `n_${crypto.randomBytes(8).toString("hex")}`;
  const password = crypto.randomBytes(16).toString("hex");
  const port = freePorts.shift() ?? nextPort++;
  ledger.prepare("INSERT INTO tenants (id, subdomain, email, company, port, status) VALUES (?, ?, ?, ?, ?, 'provisioning')")
    .run(id, signUp.subdomain, signUp.admin_email, signUp.company_name, port);
  await postgres.query(`CREATE ROLE ${id} LOGIN PASSWORD '${password}'`);
  await postgres.query(`CREATE DATABASE ${id} OWNER ${id} TEMPLATE template0 STRATEGY wal_log`);
  const container = await docker.createContainer({
    ...config.container,
    name: `slipway-bench-${id}`,
    Env: [`DATABASE_URL=postgresql://${id}:${password}@${config.tenantDatabase}/${id}`,
      `COMPANY_NAME=${signUp.company_name}`, `TENANT_ID=${id}`],
    HostConfig: { ...config.container.HostConfig, PortBindings: { "8080/tcp": [{ HostPort: String(port) }] } },
  });
  await container.start();
  const end = Date.now() + 30000;
  while (!(await answers(port))) {
    if (Date.now() > end) throw new Error(`${id} never answered`);
    await pause(5);
  }
  ledger.prepare("UPDATE tenants SET status = 'active', container = ? WHERE id = ?").run(container.id, id);
  return { id, port, container: container.id };
}

async function welcome(signUp, tenant) {
  const mail = await mailer.sendMail({
    from: "bench@example.com", to: signUp.admin_email, subject: "Welcome",
    text: `Your instance is at http://${signUp.subdomain}.localhost:${tenant.port}`,
  });
  fs.writeFileSync(`${config.mail}/${tenant.id}.eml`, mail.message);
}

async function remove(id) {
  const row = ledger.prepare("SELECT * FROM tenants WHERE id = ?").get(id);
  await docker.getContainer(row.container).remove({ force: true, v: true });
  await postgres.query(`DROP DATABASE ${id} WITH (FORCE)`);
  await postgres.query(`DROP ROLE ${id}`);
  ledger.prepare("DELETE FROM tenants WHERE id = ?").run(id);
  freePorts.push(row.port);
}

async function body(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces).toString());
}

const server = http.createServer(async (request, response) => {
  const answer = (status, value) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(value));
  };
  try {
    if (request.method === "POST") {
      const signUp = await body(request);
      const tenant = await provision(signUp);
      answer(200, { status: "active", tenantId: tenant.id, port: tenant.port });
      await welcome(signUp, tenant); // after the answer, as Slipway does
    } else if (request.method === "DELETE") {
      await remove(request.url.slice(1));
      answer(200, {});
    } else {
      answer(200, { status: "ok" });
    }
  } catch (error) {
    if (!response.headersSent) answer(500, { error: String(error) });
    else console.error(error);
  }
});
server.listen(config.port, "127.0.0.1");
