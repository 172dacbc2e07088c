// Text that pretends to be script, and text from right to left, in every field that can hold it.
import { equal, holds, journey, look, please, scene, signIn } from './console.mjs';

const { supervisor, admin } = scene.people;
const finding = scene.findings[4];

async function unharmed(page, where) {
  holds(!(await page.title()).includes('owned'), `${where}: a script in a text ran`);
  holds((await page.locator('main img[src="x"]').count()) === 0, `${where}: a text became a picture`);
}

await journey(async ({ open }) => {
  const page = await open();
  page.on('dialog', () => page.wrong.push('a text opened a window'));
  await signIn(page, supervisor.name, '/findings');
  await page.getByText(scene.hostile).first().waitFor();
  await unharmed(page, 'the list');

  await page.goto(`${scene.url}/findings/${finding}`);
  await page.getByText(scene.hostile).first().waitFor();
  await unharmed(page, 'the finding');
  await page.getByRole('button', { name: '备注', exact: true }).click();
  await page.getByRole('dialog').getByRole('textbox').fill(scene.hostile);
  await page.getByRole('dialog').getByRole('button', { name: '备注', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await unharmed(page, 'the note');
  const said = JSON.stringify(await please('look', { id: finding }));
  equal(said.split(JSON.stringify(scene.hostile).slice(1, -1)).length - 1, 2, 'the text, kept as it was typed');
  await look(page, 'finding');

  const desk = await open();
  await signIn(desk, admin.name, '/admin/units');
  await desk.getByRole('button', { name: /新增|添加/ }).first().click();
  await desk.getByLabel(/名称/).first().fill(scene.hostile);
  await desk.getByRole('button', { name: /保存|新增|添加/ }).last().click();
  await desk.getByText(scene.hostile).first().waitFor();
  await unharmed(desk, 'the units');
});
