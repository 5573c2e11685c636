// Answers each line of JSON with one: what @mysten/sui makes of the same transaction or value.
import { createInterface } from 'node:readline';
import { bcs, pureBcsSchemaFromTypeName } from '@mysten/sui/bcs';
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { TransactionDataBuilder } from '@mysten/sui/transactions';

const base64 = (bytes) => Buffer.from(bytes).toString('base64');

const keys = new Map();
function keyOf(seed) {
  if (!keys.has(seed)) {
    const key = Ed25519Keypair.fromSecretKey(Buffer.from(seed, 'hex'));
    keys.set(seed, {
      key,
      address: key.getPublicKey().toSuiAddress(),
      publicKey: base64(key.getPublicKey().toRawBytes()),
      secret: key.getSecretKey(),
    });
  }
  return keys.get(seed);
}

async function answer({ seed, sponsorSeed, transaction, values }) {
  if (values !== undefined) {
    return {
      values: values.map(([name, value]) =>
        base64(pureBcsSchemaFromTypeName(name).serialize(value).toBytes()),
      ),
    };
  }
  const bytes = bcs.TransactionData.serialize(transaction).toBytes();
  const { key, address, publicKey, secret } = keyOf(seed);
  const sponsor = keyOf(sponsorSeed).key;
  return {
    bytes: base64(bytes),
    digest: TransactionDataBuilder.getDigestFromBytes(bytes),
    address,
    publicKey,
    secret,
    signature: (await key.signTransaction(bytes)).signature,
    sponsorSignature: (await sponsor.signTransaction(bytes)).signature,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n');
}
