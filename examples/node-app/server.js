// Notes in the customer's own Postgres. Settings: DATABASE_URL, PORT, COMPANY_NAME.
import http from "node:http";
import pg from "pg";

const port = Number(process.env.PORT ?? 3000);
const company = process.env.COMPANY_NAME ?? "";
const database = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4, connectionTimeoutMillis: 5000 });
database.on("error", (error) => console.error("database:", error.message)); // an idle connection was lost

const body_limit_bytes = 64 * 1024;

async function body_of(request) {
  let text = "";
  for await (const piece of request.setEncoding("utf8")) {
    text += piece;
    if (text.length > body_limit_bytes) throw new RangeError("the body is too long");
  }
  return text;
}

async function answer(request, response) {
  const reply = (status, value) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(value) + "\n");
  };
  if (request.method === "GET" && request.url === "/healthz") {
    await database.query("SELECT 1");
    return reply(200, { status: "ok" });
  }
  if (request.method === "GET" && request.url === "/") {
    const { rows } = await database.query("SELECT id, text FROM notes ORDER BY id DESC LIMIT 100");
    return reply(200, { company, notes: rows });
  }
  if (request.method === "POST" && request.url === "/notes") {
    const text = await body_of(request);
    const { rows } = await database.query("INSERT INTO notes (text) VALUES ($1) RETURNING id", [text]);
    return reply(201, rows[0]);
  }
  return reply(404, { error: "there is no such page" });
}

// The app brings its schema up to date itself, before it says that it is ready.
await database.query("CREATE TABLE IF NOT EXISTS notes (id bigserial PRIMARY KEY, text text NOT NULL)");

const server = http.createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(request.method, request.url, error.message);
    response.writeHead(503).end();
  });
});
server.listen(port, () => console.log(`node-app: listening on port ${port}`));

process.on("SIGTERM", () => {
  server.close(async () => {
    await database.end();
    process.exit(0);
  });
  server.closeIdleConnections();
});
