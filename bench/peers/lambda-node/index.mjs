// The peer: what a provisioning Lambda in Node does, with AWS's SDK v3: RunTask, DescribeTasks, PutItem, an answer. The
// loop is leaner than the one in AWS's own image, and all that ours asks besides is left out, so that the comparison
// errs on Node's side.
import http from "node:http";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { DescribeTasksCommand, ECSClient, RunTaskCommand } from "@aws-sdk/client-ecs";

const ecs = new ECSClient({});
const dynamodb = new DynamoDBClient({});
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true });

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, method, path: "/2018-06-01/runtime" + path, agent }, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(pieces).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function handle(event) {
  const { tenant } = JSON.parse(event.Records[0].body);
  const cluster = process.env.SLIPWAY_CLUSTER;
  const run = await ecs.send(new RunTaskCommand({ cluster, taskDefinition: "shop:1", startedBy: tenant }));
  const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [run.tasks[0].taskArn] }));
  await dynamodb.send(new PutItemCommand({
    TableName: process.env.SLIPWAY_TABLE,
    Item: { pk: { S: "TENANT#" + tenant }, sk: { S: "ROW" }, task: { S: tasks[0].taskArn }, status: { S: tasks[0].lastStatus } },
  }));
  return { batchItemFailures: [] };
}

for (;;) {
  const { headers, body } = await ask("GET", "/invocation/next");
  const answer = await handle(JSON.parse(body));
  await ask("POST", `/invocation/${headers["lambda-runtime-aws-request-id"]}/response`, JSON.stringify(answer));
}
