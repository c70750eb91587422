import type { Command } from 'commander';
import { systemRandom } from '../crypto/random.ts';
import { addUser, listUsers, removeUser } from '../users/users-file.ts';
import { readPassword } from './password.ts';
import { columns, note, print, printJson } from './terminal.ts';

/** `wssc users`: who may open conversations. The file holds scrypt hashes, never a password. */
export function addUsers(program: Command): void {
  const users = program
    .command('users')
    .summary('add, list and remove users')
    .description('The users file of a service.')
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ wssc users list --users users.json');
  const common = (command: Command) => command.requiredOption('--users <file>', 'users file');

  common(
    users
      .command('add')
      .description('Adds a user; the password is read from standard input. The file is made where there is none.'),
  )
    .argument('<name>', 'user name')
    .option('--role <role>', 'a role of the user; may be repeated', (role: string, roles: readonly string[] = []) => [
      ...roles,
      role,
    ])
    .addHelpText(
      'after',
      '\nExample:\n  $ wssc users add alice --role reader --role editor --users users.json < password.txt',
    )
    .action(async (name: string, options: { users: string; role?: readonly string[] }) => {
      await addUser(options.users, { name, password: await readPassword(), roles: options.role ?? [] }, systemRandom);
      note(`added ${name} to ${options.users}`);
    });

  common(users.command('list').description('Shows names and roles.'))
    .option('--json', 'print one line of JSON')
    .addHelpText('after', '\nExample:\n  $ wssc users list --users users.json')
    .action((options: { users: string; json?: boolean }) => {
      const listed = listUsers(options.users);
      if (options.json) printJson(listed);
      else for (const line of columns(listed.map(({ name, roles }) => [name, roles.join(', ')]))) print(line);
    });

  common(
    users
      .command('remove')
      .description('Removes a user; conversations that are open go on until they end, or wssc revoke user.'),
  )
    .argument('<name>', 'user name')
    .addHelpText('after', '\nExample:\n  $ wssc users remove alice --users users.json')
    .action((name: string, options: { users: string }) => {
      removeUser(options.users, name);
      note(`removed ${name} from ${options.users}`);
    });
}
