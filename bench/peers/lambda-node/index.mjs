// The peer: what a provisioning Lambda in Node does, with AWS's SDK v3: RunTask, DescribeTasks, PutItem, an answer. The
// loop is leaner than the one in AWS's own image, so that the comparison errs on Node's side.
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
  const order = JSON.parse(event.isBase64Encoded ? Buffer.from(event.body, "base64") : event.body);
  const run = await ecs.send(new RunTaskCommand({ cluster: "slipway", taskDefinition: "shop:1", startedBy: order.userId }));
  const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster: "slipway", tasks: [run.tasks[0].taskArn] }));
  await dynamodb.send(new PutItemCommand({ TableName: "slipway", Item: { pk: { S: "USER#" + order.userId }, task: { S: tasks[0].taskArn } } }));
  return { statusCode: 202, headers: { "content-type": "application/json" }, body: JSON.stringify({ userId: order.userId }) };
}

for (;;) {
  const { headers, body } = await ask("GET", "/invocation/next");
  const answer = await handle(JSON.parse(body));
  await ask("POST", `/invocation/${headers["lambda-runtime-aws-request-id"]}/response`, JSON.stringify(answer));
}
