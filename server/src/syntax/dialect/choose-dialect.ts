/** Which dialect a text is written in: by the file's name, and where that does not say, by what only one of them holds. */
import type { Dialect } from './dialect';
import { isListing } from './listing';
import { hasBracketTags, hasVariableWords } from './template-tags';

export interface ChosenDialect {
  readonly dialect: Dialect;
  /**
   * The name says that it is a template. Otherwise place-holders alone do: iptables-restore would be given them as they
   * are, and refuse most.
   */
  readonly byName: boolean;
}

/** How much of a text is looked at for what gives it away. */
export const SAMPLE_LENGTH = 262_144;

export function chooseDialect(text: string, fileName = ''): ChosenDialect {
  const name = fileName.split(/[\\/]/).at(-1) ?? '';
  const named = dialectOfName(name);
  if (named) return { dialect: named, byName: true };
  const sample = text.slice(0, SAMPLE_LENGTH);
  return { dialect: dialectOfText(sample, name), byName: false };
}

const TEMPLATE_NAME = /\.(?:j2|jinja2?|erb|epp|tmpl|tpl|gotmpl|tftpl|mustache|hbs|template|ctmpl|in)$/i;
const SCRIPT_NAME = /\.(?:sh|bash|ksh|zsh|dash|fw)$/i;
const UFW_NAME = /^(?:before|after|user)6?\.rules$/;

function dialectOfName(name: string): Dialect | undefined {
  if (TEMPLATE_NAME.test(name)) return 'template';
  if (SCRIPT_NAME.test(name)) return 'script';
  return UFW_NAME.test(name) ? 'ufw' : undefined;
}

function dialectOfText(text: string, name: string): Dialect {
  if (/^#!.*\b(?:ba|da|k|z|a)?sh\b/.test(text)) return 'script';
  if (/^(?:rc\.)?(?:firewall|iptables)[\w-]*$/i.test(name) && /^\s*(?:\S*\/)?ip6?tables\s+-/m.test(text))
    return 'script';
  if (isListing(text)) return 'listing';
  return hasBracketTags(text) || hasVariableWords(text) ? 'template' : 'restore';
}
